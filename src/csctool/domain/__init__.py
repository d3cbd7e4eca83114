"""What a service desk is, in the field's words; pure: no files, no clock, no terminal."""
