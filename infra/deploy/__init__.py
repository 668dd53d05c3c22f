"""How Lectern is put on machines: images, web servers, and native servers for trials and tests."""
