# Turns a list of industry classes (TABLE, CSV: code,title) into the sorted initialisers of an array of section and
# number (OUT). The letters follow the numbers.
file(STRINGS ${TABLE} rows REGEX "^[A-T][0-9][0-9][0-9][0-9]," ENCODING UTF-8)
list(TRANSFORM rows REPLACE "^([A-T])0*([1-9][0-9]*),.*$" "{'\\1', \\2}")
list(JOIN rows ",\n" text)
file(WRITE ${OUT} "${text},\n")
