"""The SageMaker edge: training jobs with the overrides of local training, and the container's side."""
