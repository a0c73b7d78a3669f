"""What several suites build on: deployments, keys, a client, a fake store, the four services in memory."""
