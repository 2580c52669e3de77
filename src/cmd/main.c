/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/verb.h"

int
main(int argc, char **argv)
{
    return bl_main(argc, argv);
}
