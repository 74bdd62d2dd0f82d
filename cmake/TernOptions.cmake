# How our own code is compiled: tern_warnings carries the warnings, tern_instrument the sanitizers and coverage.
# Both are INTERFACE targets, so nothing leaks into other people's builds through global flags.

add_library(tern_warnings INTERFACE)
target_compile_options(tern_warnings INTERFACE
    $<$<COMPILE_LANGUAGE:C>:-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wcast-qual -Wstrict-prototypes
        -Wmissing-prototypes -Wundef -Wvla>
    $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wundef>
    $<$<BOOL:${TERN_WERROR}>:-Werror>)

add_library(tern_instrument INTERFACE)
if(TERN_SANITIZE)
    target_compile_options(tern_instrument INTERFACE
        -fsanitize=${TERN_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
    target_link_options(tern_instrument INTERFACE -fsanitize=${TERN_SANITIZE})
endif()
if(TERN_COVERAGE)
    target_compile_options(tern_instrument INTERFACE --coverage -O0)
    target_link_options(tern_instrument INTERFACE --coverage)
endif()

find_program(TERN_CCACHE ccache)
mark_as_advanced(TERN_CCACHE)
if(TERN_CCACHE AND NOT CMAKE_C_COMPILER_LAUNCHER)
    set(CMAKE_C_COMPILER_LAUNCHER "${TERN_CCACHE}")
endif()
