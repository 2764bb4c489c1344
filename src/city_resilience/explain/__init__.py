"""What a forecast leans on."""
