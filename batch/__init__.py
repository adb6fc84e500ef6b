"""Folders of videos: a plan of jobs, a foreman who gives them to workers, and a journal."""
