"""What a notebook and the command line talk to: lessons, exercises, progress, doctor."""
