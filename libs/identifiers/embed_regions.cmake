# Turns the region table (TABLE, CSV: code,name,valid_from,valid_to,origin) into the sorted initialisers of an
# array of codes (OUT): the divisions of GB/T 2260, or with ZONES the statistical zones, which are none of them.
file(STRINGS ${TABLE} rows REGEX "^[0-9][0-9][0-9][0-9][0-9][0-9]," ENCODING UTF-8)
if(ZONES)
  list(FILTER rows INCLUDE REGEX ",zone$")
else()
  list(FILTER rows EXCLUDE REGEX ",zone$")
endif()
list(TRANSFORM rows REPLACE "^([0-9]+),.*$" "\\1")
list(REMOVE_DUPLICATES rows)
list(SORT rows)
list(JOIN rows ",\n" text)
file(WRITE ${OUT} "${text},\n")
