"""How fast the product is, beside what is possible at all and beside others. Nothing here asserts on time.

May import everything. Start reading at `goals`, which says what is measured and what is hoped for; `make bench` runs
`__main__`.
"""
