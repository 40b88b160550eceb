"""The dataset's bucket, or a copy on any S3 server: listed, fetched, verified, and read from a folder."""
