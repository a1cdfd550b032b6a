"""Servers that crash, disks that are full, clocks that jump, and hostile requests."""
