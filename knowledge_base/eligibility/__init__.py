"""Which policies reach whom: rules as data, read and judged without running anything of them."""
