"""Settings of small projects, each with one peculiarity that real projects have.

``startproject`` has the settings that all of them begin with, ``urls`` their URLs, and ``parts``
what they consist of otherwise. ``drive`` drives each, from the sign-in to the cookie used again.
"""
