"""The SageMaker edge: trainings there by the words of trainings here, and the container's side of them."""
