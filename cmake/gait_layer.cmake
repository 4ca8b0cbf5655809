# gait_layer(NAME SOURCES … [LAYERS …] [PRIVATE …]): one static library a layer.
# LAYERS are the layers it stands on (public); PRIVATE are the third-party libraries that it alone owns.
function(gait_layer name)
	cmake_parse_arguments(L "" "" "SOURCES;LAYERS;PRIVATE" ${ARGN})
	add_library(${name} STATIC ${L_SOURCES})
	list(TRANSFORM L_LAYERS PREPEND "gait::")
	target_link_libraries(${name} PUBLIC gait_flags ${L_LAYERS} PRIVATE ${L_PRIVATE})
	add_library(gait::${name} ALIAS ${name})
	set_target_properties(${name} PROPERTIES OUTPUT_NAME gait_${name})
endfunction()
