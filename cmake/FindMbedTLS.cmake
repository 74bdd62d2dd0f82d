# Finds mbed TLS 2.28 (Debian 12, which ships no CMake package) and 3.x (vcpkg, which does).
# Gives MbedTLS::mbedcrypto and MbedTLS_VERSION.

find_package(MbedTLS QUIET CONFIG)
if(TARGET MbedTLS::mbedcrypto)
    return()
endif()

find_path(MbedTLS_INCLUDE_DIR mbedtls/version.h)
find_library(MbedTLS_CRYPTO_LIBRARY mbedcrypto)
mark_as_advanced(MbedTLS_INCLUDE_DIR MbedTLS_CRYPTO_LIBRARY)

# 2.28 keeps its version in version.h, 3.x in build_info.h.
foreach(header IN ITEMS build_info.h version.h)
    if(MbedTLS_INCLUDE_DIR AND NOT MbedTLS_VERSION AND EXISTS "${MbedTLS_INCLUDE_DIR}/mbedtls/${header}")
        file(STRINGS "${MbedTLS_INCLUDE_DIR}/mbedtls/${header}" line
             REGEX "^#define[ \t]+MBEDTLS_VERSION_STRING[ \t]+\"")
        string(REGEX REPLACE ".*\"([0-9.]+)\".*" "\\1" MbedTLS_VERSION "${line}")
    endif()
endforeach()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(MbedTLS
    REQUIRED_VARS MbedTLS_CRYPTO_LIBRARY MbedTLS_INCLUDE_DIR
    VERSION_VAR MbedTLS_VERSION)

if(MbedTLS_FOUND AND NOT TARGET MbedTLS::mbedcrypto)
    add_library(MbedTLS::mbedcrypto UNKNOWN IMPORTED GLOBAL)
    set_target_properties(MbedTLS::mbedcrypto PROPERTIES
        IMPORTED_LOCATION "${MbedTLS_CRYPTO_LIBRARY}"
        INTERFACE_INCLUDE_DIRECTORIES "${MbedTLS_INCLUDE_DIR}")
endif()
