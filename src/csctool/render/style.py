"""The look of a report's page: one column on a phone, two on a desk, light and dark, and on paper.

Text and lines keep the contrast that WCAG 2.2 asks for (4.5:1 and 3:1) in both.
"""

STYLE = """\
:root{color-scheme:light dark;--ink:#1f2933;--soft:#52606d;--paper:#fff;--panel:#f5f7fa;--grid:#d5dbe2;--line:#cbd2d9;
--c0:#0b64a8;--c1:#c25e00;--c2:#2b7f4f;--c3:#8a3fa0;--c4:#b3302a;--c5:#5d6b78;--c6:#8a6d00;--c7:#0f7f86;
--a0:#5b9bd0;--a1:#0b64a8;--a2:#a88400;--a3:#c25e00;--a4:#b3302a}
@media (prefers-color-scheme:dark){:root{--ink:#e4e7eb;--soft:#b8c1cc;--paper:#12171d;--panel:#1b222b;--grid:#39434f;
--line:#3e4c59;--c0:#5aa9e6;--c1:#f29b4b;--c2:#63c08d;--c3:#c58ad6;--c4:#f0837c;--c5:#a3b1bf;--c6:#d8b93e;--c7:#4fc3ca;
--a0:#a9d1f0;--a1:#5aa9e6;--a2:#e3c44f;--a3:#f29b4b;--a4:#f0837c}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:78rem;padding:1rem;background:var(--paper);color:var(--ink);
font:1rem/1.45 system-ui,-apple-system,"Segoe UI","Noto Sans","DejaVu Sans",sans-serif}
h1{font-size:1.6rem;line-height:1.2;margin:.2rem 0 .6rem;overflow-wrap:anywhere}
h2{font-size:1.1rem;margin:0 0 .5rem}
header dl{display:flex;flex-wrap:wrap;gap:.2rem 1.6rem;margin:0 0 1.2rem;color:var(--soft)}
header dl div{display:flex;gap:.4rem;min-width:0}
dt{font-weight:600}dd{margin:0;overflow-wrap:anywhere}
section{background:var(--panel);border:1px solid var(--line);border-radius:.5rem;padding:.9rem;
margin:0 0 1rem;min-width:0}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,30rem),1fr));gap:1rem;align-items:start}
.charts section{margin:0}
.charts section:last-child:nth-child(odd){grid-column:1/-1}
figure{margin:0 0 .6rem}
svg{display:block;width:100%;height:auto;max-width:38rem;margin:0 auto}
figcaption{color:var(--soft);font-size:.92rem;margin-top:.4rem}
.scroll{overflow:auto;max-width:100%}
.scroll:focus-visible,summary:focus-visible{outline:2px solid var(--c0);outline-offset:2px}
.long{max-height:22rem}
table{border-collapse:collapse;font-size:.87rem;font-variant-numeric:tabular-nums;min-width:100%}
caption{text-align:left;color:var(--soft);padding:0 0 .3rem;caption-side:top}
th,td{padding:.22rem .55rem;border-bottom:1px solid var(--line);text-align:left;vertical-align:top;white-space:nowrap}
thead th{vertical-align:bottom;white-space:normal;background:var(--panel);position:sticky;top:0}
tbody th{font-weight:600}
tfoot th,tfoot td{font-weight:700;border-bottom:0;border-top:2px solid var(--line)}
.n{text-align:right}
.measures td:last-child{white-space:normal;min-width:15rem;color:var(--soft)}
.meanings{font-size:.9rem;margin:.5rem 0 0}
.meanings div{margin:0 0 .35rem}
summary{cursor:pointer;margin-top:.6rem;font-weight:600}
footer{color:var(--soft);font-size:.9rem;margin-top:1rem}
@media (max-width:38rem){
body{padding:.6rem}section{padding:.7rem}
.measures thead{position:absolute;clip-path:inset(50%)}
.measures,.measures tbody,.measures caption{display:block}
.measures tr{display:grid;grid-template-columns:1fr auto 4rem;border-bottom:1px solid var(--line);padding:.3rem 0}
.measures th,.measures td{border:0;padding:.05rem .3rem}
.measures td:last-child{grid-column:1/-1;min-width:0}
}
@media print{
:root{color-scheme:light;--ink:#000;--soft:#333;--paper:#fff;--panel:#fff;--grid:#ccc;--line:#999;
--c0:#0b64a8;--c1:#c25e00;--c2:#2b7f4f;--c3:#8a3fa0;--c4:#b3302a;--c5:#5d6b78;--c6:#8a6d00;--c7:#0f7f86;
--a0:#5b9bd0;--a1:#0b64a8;--a2:#a88400;--a3:#c25e00;--a4:#b3302a}
@page{size:auto;margin:14mm}
body{max-width:none;padding:0;font-size:10pt}
section{border:0;padding:0;break-inside:auto;margin-bottom:8mm}
.charts{display:block}.charts section{margin:0 0 8mm}
figure,tr,h2{break-inside:avoid}h2{break-after:avoid}
svg{max-width:13cm;margin:0;print-color-adjust:exact;-webkit-print-color-adjust:exact}
.scroll,.long{overflow:visible;max-height:none}
table{font-size:7.5pt;min-width:0}th,td{padding:.12rem .3rem;white-space:normal}thead th{position:static}
}
"""
