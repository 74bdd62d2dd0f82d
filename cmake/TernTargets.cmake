# The few verbs that the folders' CMakeLists.txt use. Sources are always listed by name, never globbed; a folder that
# lists no sources yet adds no target.
#
#   tern_layer(<name> SOURCES a.c b.c [LINK dep::x])        a folder of the core or of platform: part of libtern
#   tern_program(<name> MAIN main.c SOURCES a.c [LINK dep::x])
#                                                           an executable on the static core; SOURCES become the
#                                                           library <name>_parts, which tests can link
#   tern_test(<name> SOURCES test_a.c [LINK dep::x]
#             [TIMEOUT seconds] [LABELS l] [COST n])        a test executable on the harness, registered with ctest;
#                                                           COST is about how many seconds it takes, where that is
#                                                           long: such tests begin first, so that none is left alone
#                                                           at the end

function(tern_own target)
    target_include_directories(${target} PRIVATE
        "${PROJECT_SOURCE_DIR}/include" "${PROJECT_SOURCE_DIR}/core" "${PROJECT_SOURCE_DIR}")
    target_compile_definitions(${target} PRIVATE _POSIX_C_SOURCE=200809L)
    # One section a function, so that the linker can leave out what nobody calls.
    target_compile_options(${target} PRIVATE -ffunction-sections -fdata-sections)
    target_link_libraries(${target} PRIVATE tern_warnings tern_instrument)
    set_target_properties(${target} PROPERTIES C_VISIBILITY_PRESET hidden)
endfunction()

function(tern_layer name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LINK")
    if(NOT arg_SOURCES)
        return()
    endif()
    add_library(trn_${name} OBJECT ${arg_SOURCES})
    tern_own(trn_${name})
    target_compile_definitions(trn_${name} PRIVATE TERN_BUILDING)
    target_link_libraries(trn_${name} PRIVATE ${arg_LINK})
    set_property(GLOBAL APPEND PROPERTY TERN_LAYERS trn_${name})
    set_property(GLOBAL APPEND PROPERTY TERN_LAYER_LINKS ${arg_LINK})
endfunction()

# libtern.so for applications, and tern_core (every object, nothing hidden) for our own programs and tests.
function(tern_finish_library)
    get_property(layers GLOBAL PROPERTY TERN_LAYERS)
    get_property(links GLOBAL PROPERTY TERN_LAYER_LINKS)
    list(REMOVE_DUPLICATES links)
    set(objects "")
    foreach(layer IN LISTS layers)
        list(APPEND objects "$<TARGET_OBJECTS:${layer}>")
    endforeach()

    add_library(tern SHARED ${objects})
    add_library(tern::tern ALIAS tern)
    add_library(tern_core STATIC ${objects})
    foreach(target IN ITEMS tern tern_core)
        target_include_directories(${target} INTERFACE
            $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
        set_target_properties(${target} PROPERTIES LINKER_LANGUAGE C)
    endforeach()
    target_link_libraries(tern PRIVATE ${links} Threads::Threads $<BUILD_INTERFACE:tern_instrument>)
    target_link_libraries(tern_core PUBLIC ${links} Threads::Threads)
    set_target_properties(tern PROPERTIES
        VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR} C_VISIBILITY_PRESET hidden)
    if(APPLE)
        target_link_options(tern PRIVATE "LINKER:-exported_symbol,_tern_*" LINKER:-dead_strip)
    else()
        target_link_options(tern PRIVATE "LINKER:--version-script=${PROJECT_SOURCE_DIR}/core/tern.map"
            LINKER:--gc-sections)
        set_target_properties(tern PROPERTIES LINK_DEPENDS "${PROJECT_SOURCE_DIR}/core/tern.map")
        if(NOT TERN_SANITIZE) # clang leaves the sanitizer's runtime to the executable
            target_link_options(tern PRIVATE LINKER:--no-undefined)
        endif()
    endif()
endfunction()

function(tern_program name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "OUTPUT" "MAIN;SOURCES;LINK")
    if(arg_SOURCES)
        add_library(${name}_parts STATIC ${arg_SOURCES})
        tern_own(${name}_parts)
        target_link_libraries(${name}_parts PUBLIC tern_core ${arg_LINK})
    endif()
    if(NOT arg_MAIN)
        return()
    endif()
    add_executable(${name} ${arg_MAIN})
    tern_own(${name})
    if(arg_SOURCES)
        target_link_libraries(${name} PRIVATE ${name}_parts)
    endif()
    target_link_libraries(${name} PRIVATE tern_core ${arg_LINK})
    if(arg_OUTPUT)
        set_target_properties(${name} PROPERTIES OUTPUT_NAME ${arg_OUTPUT})
    endif()
    install(TARGETS ${name} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endfunction()

function(tern_test name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT;COST" "SOURCES;LINK;LABELS")
    if(NOT arg_SOURCES)
        return()
    endif()
    if(NOT arg_TIMEOUT)
        set(arg_TIMEOUT 900)
    endif()
    add_executable(test_${name} ${arg_SOURCES})
    tern_own(test_${name})
    target_link_libraries(test_${name} PRIVATE tern_harness tern_core ${arg_LINK})
    add_test(NAME ${name} COMMAND test_${name})
    set_tests_properties(${name} PROPERTIES TIMEOUT ${arg_TIMEOUT} LABELS "${arg_LABELS}")
    if(arg_COST)
        set_tests_properties(${name} PROPERTIES COST ${arg_COST})
    endif()
endfunction()
