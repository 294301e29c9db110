"""`van-hove`."""
