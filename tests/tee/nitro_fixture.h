/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/tee/nitro_fixture.h: one house of a Nitro hypervisor for all cases of a program: `house`, from
 * build() to tear_down().
 */
#ifndef TESTS_TEE_NITRO_FIXTURE_H
#define TESTS_TEE_NITRO_FIXTURE_H

#include "tee/paper_nitro.h"

static struct paper_house house;

static int
build(void **state)
{
    (void)state;
    house = paper_house(-1, (struct saying){ 0 });
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    paper_house_done(&house);
    return 0;
}

#endif
