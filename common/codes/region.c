#include "codes/region.h"

static const struct region regions[] = {
    {411000, "许昌市", "Xuchang", false, true, 0},
    {411002, "魏都区", "Weidu", true, true, 0},
    {411003, "建安区", "Jian'an", true, true, 0},
    {411023, "许昌县", "Xuchang county", true, false, 411003},
    {411024, "鄢陵县", "Yanling", true, true, 0},
    {411025, "襄城县", "Xiangcheng", true, true, 0},
    {411071, "许昌经济技术开发区", "Economic and Technological Development Zone", true, true, 0},
    {411081, "禹州市", "Yuzhou", true, true, 0},
    {411082, "长葛市", "Changge", true, true, 0},
};

const struct region *region_rows(size_t *count) {
    *count = sizeof regions / sizeof regions[0];
    return regions;
}

const struct region *region_find(uint32_t code) {
    for (size_t i = 0; i < sizeof regions / sizeof regions[0]; i++) {
        if (regions[i].code == code) {
            return &regions[i];
        }
    }
    return NULL;
}

bool region_takes_facilities(uint32_t code) {
    const struct region *region = region_find(code);
    return region != NULL && region->is_county && region->is_current;
}
