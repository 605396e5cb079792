"""What the pretended CommBox account holds, and how it lives on."""
