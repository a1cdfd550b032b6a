"""The pages. Each module is one page; what several of them share stands beside them."""
