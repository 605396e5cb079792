"""The pages for operators: the state of the source, the queue, the runs, the problems and the API keys."""
