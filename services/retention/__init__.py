"""What is deleted: purges by age, and erasing on request."""
