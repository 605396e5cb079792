"""The sandbox's version of S3 with private buckets."""
