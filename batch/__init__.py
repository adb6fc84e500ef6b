"""Folders of videos: a plan of jobs, workers that stay warm, and a journal that outlives them."""
