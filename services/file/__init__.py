"""Files: uploads, resumable uploads, links and downloads."""
