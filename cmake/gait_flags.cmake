# Flags that every target of this project is compiled with (third-party code is not).
add_library(gait_flags INTERFACE)
target_compile_definitions(gait_flags INTERFACE _GNU_SOURCE GAITD_VERSION="${PROJECT_VERSION}"
	$<$<BOOL:${GAITD_FAULTS}>:GAITD_FAULTS=1>)
target_include_directories(gait_flags INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_compile_options(gait_flags INTERFACE -Wall -Wextra -Wconversion -Wshadow -Wswitch-enum -Wvla
	-Wmissing-prototypes -Wformat=2 -Wstrict-prototypes -Wundef $<$<BOOL:${GAITD_WERROR}>:-Werror>
	-fno-strict-aliasing -fno-common
	# Text for people is cut to its buffer on purpose; paths and keys are checked by fsx_join and str_copy.
	$<$<C_COMPILER_ID:GNU>:-Wno-format-truncation>)
if(CMAKE_BUILD_TYPE STREQUAL "Release")
	target_compile_options(gait_flags INTERFACE -O2 -g1 -D_FORTIFY_SOURCE=3 -fstack-protector-strong)
	target_link_options(gait_flags INTERFACE -pie -Wl,-z,relro,-z,now,-z,noexecstack)
endif()
if(GAITD_SANITIZE)
	target_compile_options(gait_flags INTERFACE -fsanitize=${GAITD_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
	target_link_options(gait_flags INTERFACE -fsanitize=${GAITD_SANITIZE})
endif()
if(GAITD_FUZZ)
	target_compile_options(gait_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(GAITD_COVERAGE)
	target_compile_options(gait_flags INTERFACE --coverage -O0)
	target_link_options(gait_flags INTERFACE --coverage)
endif()
