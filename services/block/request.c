/* SPDX-License-Identifier: Apache-2.0 */
/* Checking requests; see request.h. */
#include "request.h"

#include <string.h>

/* Appends one data descriptor, joined to the one before where they are neighbours. */
static bool segment_add(struct disk_request *disk, const struct extent *extent,
			const struct vq_segment *data)
{
	uint64_t offset = (uint64_t)(data->bytes - extent->window);

	if (offset < RT_BLOCK_DATA || offset % RT_BLOCK_PAGE || !data->length)
		return false;
	if (disk->segments) {
		struct disk_segment *last = &disk->segment[disk->segments - 1];

		if (last->bytes % RT_BLOCK_PAGE)
			return false;
		if (last->offset + last->bytes == offset) {
			last->bytes += data->length;
			return true;
		}
	}
	if (disk->segments == DISK_SEGMENTS)
		return false;
	disk->segment[disk->segments++] = (struct disk_segment){ (uint32_t)offset, data->length };
	return true;
}

/* Sector and length lie in the extent and are whole blocks. */
static bool place(struct disk_request *disk, const struct extent *extent, uint64_t sector,
		  uint64_t sectors)
{
	uint32_t block = extent->disk->block_bytes / RT_BLOCK_SECTOR;

	if (!sectors || sectors > extent->sectors || sector > extent->sectors - sectors ||
	    sector % block || sectors % block)
		return false;
	disk->sector = extent->first + sector;
	disk->sectors = (uint32_t)sectors;
	return true;
}

static enum request_verdict take_transfer(struct request *request, const struct vq_chain *chain,
					  const struct extent *extent, uint64_t sector)
{
	bool write = request->disk.type == RT_BLOCK_WRITE;
	const struct vq_segment *data = chain->segment + 1;
	unsigned count = chain->readable + chain->writable - 2u;
	uint64_t bytes = 0;

	if (write ? chain->writable != 1 || extent->read_only : chain->readable != 1)
		return REQUEST_BAD;
	for (unsigned i = 0; i < count; i++) {
		bytes += data[i].length;
		if (bytes > extent->disk->request_bytes ||
		    !segment_add(&request->disk, extent, &data[i]))
			return REQUEST_BAD;
	}
	if (bytes % RT_BLOCK_SECTOR ||
	    !place(&request->disk, extent, sector, bytes / RT_BLOCK_SECTOR))
		return REQUEST_BAD;
	request->data_bytes = (uint32_t)bytes;
	return REQUEST_GOOD;
}

static enum request_verdict take_range(struct request *request, const struct vq_chain *chain,
				       const struct extent *extent)
{
	bool zeroes = request->disk.type == RT_BLOCK_WRITE_ZEROES;
	uint32_t most = zeroes ? extent->disk->zeroes_sectors : extent->disk->discard_sectors;
	struct rt_block_range range;

	if (!most)
		return REQUEST_UNSUPPORTED;
	if (extent->read_only || chain->writable != 1 ||
	    chain->readable_bytes != sizeof(struct rt_block_request) + sizeof range)
		return REQUEST_BAD;
	vq_chain_read(chain, sizeof(struct rt_block_request), &range, sizeof range);
	if (range.sectors > most || !place(&request->disk, extent, range.sector, range.sectors))
		return REQUEST_BAD;
	request->disk.unmap = zeroes && range.flags & 1;
	return REQUEST_GOOD;
}

enum request_verdict request_take(struct request *request, const struct vq_chain *chain,
				  const struct extent *extent)
{
	const struct vq_segment *last = &chain->segment[chain->readable + chain->writable - 1];
	struct rt_block_request header;

	request->head = chain->head;
	if (!chain->readable || chain->segment[0].length != sizeof header || !chain->writable ||
	    last->length != 1)
		return REQUEST_NO_FRAME;
	request->status = last->bytes;
	request->data_bytes = 0;
	request->tries = 0;
	vq_chain_read(chain, 0, &header, sizeof header);
	request->disk.type = header.type;
	request->disk.unit = extent->unit;
	request->disk.memory = extent->address;
	request->disk.segments = 0;
	request->disk.sector = 0;
	request->disk.sectors = 0;
	request->disk.unmap = false;
	switch (header.type) {
	case RT_BLOCK_READ:
	case RT_BLOCK_WRITE:
		return take_transfer(request, chain, extent, header.sector);
	case RT_BLOCK_FLUSH:
		return chain->readable == 1 && chain->writable == 1 ? REQUEST_GOOD : REQUEST_BAD;
	case RT_BLOCK_DISCARD:
	case RT_BLOCK_WRITE_ZEROES:
		return take_range(request, chain, extent);
	default:
		return REQUEST_UNSUPPORTED;
	}
}

uint32_t request_written(const struct request *request, enum rt_block_status status)
{
	if (status != RT_BLOCK_OK || request->disk.type != RT_BLOCK_READ)
		return 1;
	return request->data_bytes + 1;
}
