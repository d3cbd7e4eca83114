"""Headless Chromium, asked how a page looks in a frame of some width: 500 is the narrowest window that it opens."""

import shutil
import subprocess

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def asked(page: str, expression: str, width: int, place) -> str:
    """What a JavaScript expression says in a page that is shown in a frame so wide."""
    page = page.replace("Content-Security-Policy", "ignored", 1)  # or the probe could not run
    probe = f"<script>document.documentElement.setAttribute('data-said', String({expression}))</script></body>"
    (place / "page.html").write_text(page.replace("</body>", probe))
    (place / "frame.html").write_text(
        f"<iframe src='page.html' style='border:0;width:{width}px;height:900px' onload=\""
        'document.title=this.contentDocument.documentElement.dataset.said"></iframe>'
    )
    done = subprocess.run(
        [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync",
         "--disable-component-update", "--no-first-run", "--allow-file-access-from-files",
         f"--user-data-dir={place / 'profile'}", f"--window-size={max(500, width)},900", "--virtual-time-budget=3000",
         "--dump-dom", f"file://{place / 'frame.html'}"],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    return done.stdout.partition("<title>")[2].partition("</title>")[0]
