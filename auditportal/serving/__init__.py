"""The portal behind limits that hold with and without a proxy in front: what the web server serves."""
