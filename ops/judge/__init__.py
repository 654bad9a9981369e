"""The AWS plan judged by checkov: what it knows of Terraform's resources, it says of ours."""
