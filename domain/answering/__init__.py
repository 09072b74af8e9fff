"""What people may answer to a prompt: its form, its checks, and the proposals they decide on."""
