"""The media types of files, and the processing of pictures."""
