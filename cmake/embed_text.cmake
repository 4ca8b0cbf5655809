# cmake -DOUT=… -DHEADER=… -DSYMBOL=… -DFILES=a;b -P embed_text.cmake: text files as a C table
# `const struct SYMBOL SYMBOLs[]` of {name, text}, ended by an empty row; HEADER declares both.
set(text "#include \"${HEADER}\"\n\nconst struct ${SYMBOL} ${SYMBOL}s[] = {\n")
foreach(file ${FILES})
	get_filename_component(name ${file} NAME)
	file(READ ${file} content)
	string(REPLACE "\\" "\\\\" content "${content}")
	string(REPLACE "\"" "\\\"" content "${content}")
	string(REPLACE "\n" "\\n\"\n\t\t\"" content "${content}")
	string(APPEND text "\t{ \"${name}\",\n\t\t\"${content}\" },\n")
endforeach()
string(APPEND text "\t{ 0 },\n};\n")
file(WRITE ${OUT} "${text}")
