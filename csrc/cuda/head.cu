// The head's product on Hopper, and what its rows need of the logits while they are still in registers.
//
// A block makes tiles of 128 tokens by 256 words. One warp brings tiles of hidden states and weights to shared memory,
// four stages ahead (TMA); two groups of four warps multiply, 64 tokens each (wgmma), fp32 in registers. Two blocks
// form a cluster: they take the same words of neighbouring tokens, so each brings half of the weights, to both. Of a
// finished tile go out: each row's largest logit and its sums over exponentials, the token's logit, and e^u in bf16
// with u relative to the tile's largest, from which cuda/exps.cu makes the gradient. Logits are never rounded and never
// stored.
//
// A row's sums depend on its own hidden state, the weight and the bias alone.

#include <algorithm>
#include <limits>

#include "cuda/check.h"
#include "cuda/head.h"
#include "cuda/head_tile.h"
#include "cuda/hopper.h"
#include "cuda/tensor_map.h"

namespace crossthink {
namespace {

constexpr int kGroup = 128;  // threads that multiply together
constexpr int kGroups = 2;   // of these; another one copies
constexpr int kThreads = kGroup * (kGroups + 1);
constexpr int kRows = 64 * kGroups;  // of a tile
constexpr int kDepth = 64;           // columns of a stage: 128 bytes, the width of the swizzle
constexpr int kStages = 4;
constexpr int kCluster = 2;
constexpr int kHalf = kHeadWords / kCluster;  // words of a tile that a block of the cluster brings
constexpr int kBand = 16;                     // pairs of tiles of rows that stay in the L2 cache for all words

struct Stage {
    __nv_bfloat16 hidden[kRows * kDepth];
    __nv_bfloat16 weight[kHeadWords * kDepth];
};

struct Shared {
    Stage stages[kStages];
    uint64_t full[kStages], empty[kStages];
};

struct Maps {
    CUtensorMap hidden, weight;
};

// The stage that comes next, and the parity of its phase.
struct Turn {
    int stage = 0;
    uint32_t parity = 0;

    __device__ void next() {
        stage = stage + 1 == kStages ? 0 : stage + 1;
        parity ^= stage == 0;
    }
};

__host__ __device__ int pairs_of(int64_t rows) {
    return static_cast<int>((rows + kRows * kCluster - 1) / (kRows * kCluster));
}

// Where the cluster's tile number `index` lies: bands of rows, in each all words, in each the band's rows.
struct Place {
    int row, word;

    __device__ Place(const CudaHead& p, int index) {
        const int pairs = pairs_of(p.rows), words = static_cast<int>(p.row_tiles);
        const int band = index / (kBand * words), first = band * kBand, rest = index - first * words;
        const int size = min(pairs - first, kBand);
        row = (first + rest % size) * kRows * kCluster;
        word = rest / size * kHeadWords;
    }
};

__device__ void copy_tiles(const CudaHead& p, const Maps& maps, Shared& shared, int tiles) {
    const auto rank = static_cast<int>(hopper::block_of_cluster());
    Turn turn;
    for (int index = blockIdx.x / kCluster; index < tiles; index += gridDim.x / kCluster) {
        const Place place(p, index);
        for (int column = 0; column < p.width; column += kDepth, turn.next()) {
            Stage& stage = shared.stages[turn.stage];
            uint64_t& full = shared.full[turn.stage];
            hopper::wait(shared.empty[turn.stage], turn.parity ^ 1);
            hopper::arrive_expecting(full, sizeof(Stage));
            hopper::copy_box(stage.hidden, maps.hidden, column, place.row + rank * kRows, full);
            hopper::copy_box_to(stage.weight + rank * kHalf * kDepth, maps.weight, column, place.word + rank * kHalf,
                                full, (1 << kCluster) - 1);
        }
    }
}

// Tells every block of the cluster that this warp has read its stage.
__device__ void release(Shared& shared, int stage) {
    const unsigned lane = threadIdx.x % kWarp;
    if (lane < kCluster) hopper::arrive_at(shared.empty[stage], lane);
}

// The logits of this thread's rows and words, without the bias.
__device__ void multiply(const CudaHead& p, Shared& shared, int group, Turn& turn, float (&sum)[kSums]) {
    int before = -1;
    for (int column = 0; column < p.width; column += kDepth, turn.next()) {
        hopper::wait(shared.full[turn.stage], turn.parity);
        const uint64_t hidden = hopper::tile_of(shared.stages[turn.stage].hidden + group * 64 * kDepth);
        const uint64_t weight = hopper::tile_of(shared.stages[turn.stage].weight);
        hopper::products_begin();
#pragma unroll
        for (int k = 0; k < kDepth / 16; ++k) {
            hopper::multiply_64x256x16(sum, hidden + 2 * k, weight + 2 * k, column + k > 0);
        }
        hopper::products_commit();
        hopper::products_wait<1>();
        if (before >= 0) release(shared, before);
        before = turn.stage;
    }
    hopper::products_wait<0>();
    release(shared, before);
}

template <bool kKeep>
__device__ void multiply_tiles(const CudaHead& p, Shared& shared, int tiles) {
    const int group = static_cast<int>(threadIdx.x) / kGroup - 1, thread = static_cast<int>(threadIdx.x) % kGroup;
    const auto rank = static_cast<int>(hopper::block_of_cluster());
    Turn turn;
    for (int index = blockIdx.x / kCluster; index < tiles; index += gridDim.x / kCluster) {
        const Place place(p, index);
        float sum[kSums];
        multiply(p, shared, group, turn, sum);
        const int64_t row = place.row + rank * kRows + group * 64 + thread / kWarp * 16 + thread % kWarp / 4;
        add_bias(p, place.word, sum);
#pragma unroll
        for (int i = 0; i < 2; ++i) {
            choose(p, row + 8 * i, place.word, i, sum);
            finish_row<kKeep>(p, row + 8 * i, place.word, i, sum);
        }
    }
}

template <bool kKeep>
__global__ void __cluster_dims__(kCluster, 1, 1) __launch_bounds__(kThreads, 1)
    head_kernel(const CudaHead p, const __grid_constant__ Maps maps, int tiles) {
    extern __shared__ __align__(1024) uint8_t memory[];
    auto& shared = *reinterpret_cast<Shared*>(memory);
    if (threadIdx.x == 0) {
        for (int stage = 0; stage < kStages; ++stage) {
            hopper::init(shared.full[stage], 1);
            hopper::init(shared.empty[stage], kGroups * kGroup / kWarp * kCluster);
        }
        hopper::publish_barriers();
    }
    __syncthreads();
    hopper::sync_cluster();
    if (threadIdx.x < kGroup) {
        hopper::leave_registers<40>();
        if (threadIdx.x == 0) copy_tiles(p, maps, shared, tiles);
        __syncwarp();
    } else {
        hopper::take_registers<232>();
        multiply_tiles<kKeep>(p, shared, tiles);
    }
    hopper::sync_cluster();  // no block ends while another still writes to its memory
}

}  // namespace

static_assert(kRows == kHalf, "one box serves both");

void cuda_head(const CudaHead& p, void* stream) {
    if (p.rows == 0) return;
    const Maps maps{tensor_map(p.hidden, p.rows, p.width, p.hidden_stride, kHalf, kDepth),
                    tensor_map(p.weight, p.vocab, p.width, p.weight_stride, kHalf, kDepth)};
    const auto kernel = p.exps ? head_kernel<true> : head_kernel<false>;
    CROSSTHINK_CUDA_CHECK(
        cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, int(sizeof(Shared))));
    int device = 0, processors = 0;
    CROSSTHINK_CUDA_CHECK(cudaGetDevice(&device));
    CROSSTHINK_CUDA_CHECK(cudaDeviceGetAttribute(&processors, cudaDevAttrMultiProcessorCount, device));
    const int64_t tiles = pairs_of(p.rows) * p.row_tiles, clusters = std::min<int64_t>(tiles, processors / kCluster);
    if (tiles > std::numeric_limits<int>::max()) throw std::runtime_error("more tiles of logits than a launch counts");
    kernel<<<static_cast<unsigned>(clusters * kCluster), kThreads, sizeof(Shared), static_cast<cudaStream_t>(stream)>>>(
        p, maps, tiles);
    CROSSTHINK_CUDA_CHECK(cudaGetLastError());
}

}  // namespace crossthink
