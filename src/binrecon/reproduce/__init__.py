"""Run published results again and show them beside what was published."""
