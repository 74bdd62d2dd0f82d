/* An application in its smallest form: it proves that what is installed is enough to compile, link
 * and run. */
#include <stdio.h>
#include <string.h>

#include "tern/error.h"
#include "tern/replica.h"
#include "tern/version.h"

int main(void)
{
    if (strcmp(tern_version(), TERN_VERSION) != 0) {
        return 1;
    }
    (void)printf("%s %s\n", tern_version(), tern_status_code(TERN_ERR_FOREIGN_KEY));
    return 0;
}
