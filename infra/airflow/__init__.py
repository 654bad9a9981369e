"""One Airflow on the cluster (`release`), and what it shares with the one on this machine (`config`, `sync`)."""
