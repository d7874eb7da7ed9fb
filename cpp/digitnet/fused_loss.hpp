#pragma once

#include <vector>

#include "digitnet/loss.hpp"
#include "digitnet/network.hpp"

namespace digitnet {

// Whether the loss takes the last activation along (softmax, or sigmoid for binary cross-entropy):
// their gradients together are simpler than one after the other. Asked by every engine.
inline bool takes_activation(const Loss& loss, const std::vector<Layer>& layers) {
  if (loss.from_logits || layers.empty()) return false;
  const Layer& last = layers.back();
  const bool activates = last.kind == LayerKind::kDense || last.kind == LayerKind::kActivation;
  if (!activates) return false;
  if (loss.kind == LossKind::kBinaryCrossentropy) return last.activation == Activation::kSigmoid;
  return last.activation == Activation::kSoftmax &&
         (loss.kind == LossKind::kCategoricalCrossentropy || loss.takes_labels());
}

}  // namespace digitnet
