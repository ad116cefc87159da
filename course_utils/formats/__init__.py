"""File formats: speaker turns (RTTM), subtitles, and text as it is read aloud."""
