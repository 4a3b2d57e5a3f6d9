# Turns the first two columns of a CSV table (TABLE) into initialisers of pairs of texts (OUT).
file(READ ${TABLE} text)
# A pattern with ^ would match every line.
string(FIND "${text}" "\n" head)
math(EXPR head "${head} + 1")
string(SUBSTRING "${text}" ${head} -1 text)
string(REGEX REPLACE "([^,\n]+),([^,\n]*)[^\n]*\n" "{\"\\1\", \"\\2\"},\n" text "${text}")
file(WRITE ${OUT} "${text}")
