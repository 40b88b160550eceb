"""Several processes that train as one: where each is, how they meet, agree, share, and notice who is gone."""
