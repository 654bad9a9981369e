"""What several DAG files share. `.airflowignore` keeps it from being read as a DAG file."""
