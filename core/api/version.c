/* The version that was built: the header's, which CMake reads too. */
#include "tern/version.h"

const char *tern_version(void)
{
    return TERN_VERSION;
}
