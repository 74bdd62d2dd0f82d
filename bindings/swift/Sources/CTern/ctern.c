/* The C interface as a module for Swift: the public headers, of which the built library is linked.
 * This file only makes the package's target one of C. */
#include "tern/tern.h"

extern const char *tern_package_compiled_against(void);

const char *tern_package_compiled_against(void)
{
    return TERN_VERSION;
}
