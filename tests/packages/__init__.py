"""Third-party packages as guests."""
