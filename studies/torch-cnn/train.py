"""A small convolutional network on scikit-learn's digits that can be paused after any epoch and go on later.

The checkpoint holds the model, the optimiser, the random state and the epoch. On the CPU, training in several jobs ends
to the last bit as training in one; `hpotune check-resume` checks that.

Run by hand (`python train.py`) it trains for 9 epochs with the defaults below, and saves nothing.
"""

import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from hpotune import trial

EPOCHS = 9
CHECKPOINT = "training.pt"


def load_data(batch):
    features, labels = load_digits(return_X_y=True)
    images = torch.tensor(features, dtype=torch.float32).reshape(-1, 1, 8, 8) / 16
    labels = torch.tensor(labels)
    train, val = train_test_split(torch.arange(len(labels)), test_size=0.3, random_state=0, stratify=labels)
    loader = DataLoader(TensorDataset(images[train], labels[train]), batch_size=batch, shuffle=True)
    return loader, images[val], labels[val]


def build_model(channels, dropout):
    return nn.Sequential(
        nn.Conv2d(1, channels, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(channels, 2 * channels, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Dropout(dropout),
        nn.Linear(8 * channels, 10),
    )


def build_optimizer(model, config):
    if config.optimizer == "adam":
        return torch.optim.Adam(model.parameters(), lr=config.lr)
    return torch.optim.SGD(model.parameters(), lr=config.lr, momentum=config.get("momentum", 0.9))


def train_epoch(model, optimizer, loader):
    model.train()
    for images, labels in loader:
        loss = nn.functional.cross_entropy(model(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


@torch.no_grad()
def evaluate(model, images, labels):
    model.eval()
    logits = model(images)
    accuracy = (logits.argmax(1) == labels).float().mean()
    return {"val_accuracy": round(accuracy.item(), 6), "val_loss": nn.functional.cross_entropy(logits, labels).item()}


def save(model, optimizer, epoch):
    state = {
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "random": torch.get_rng_state(),  # shuffles the data and drops units; with CUDA its state belongs here too
        "epoch": epoch,
    }
    with trial.saving(CHECKPOINT) as path:  # put in its place when it is complete: a kill leaves the one before
        torch.save(state, path)


def load(model, optimizer):
    state = torch.load(trial.checkpoint_dir / CHECKPOINT)
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    torch.set_rng_state(state["random"])
    return state["epoch"]


def main():
    config = trial.defaults(lr=1e-3, channels=8, dropout=0.2, batch=64, optimizer="adam")
    torch.manual_seed(trial.seed)
    loader, images, labels = load_data(config.batch)
    model = build_model(config.channels, config.dropout)
    optimizer = build_optimizer(model, config)

    epoch = 0
    if trial.budget is not None and (trial.checkpoint_dir / CHECKPOINT).exists():
        epoch = load(model, optimizer)
    while epoch < (trial.budget or EPOCHS):
        train_epoch(model, optimizer, loader)
        epoch += 1
        if trial.active:
            save(model, optimizer, epoch)  # before the report: what was told of can be gone on from
        trial.report(epoch=epoch, **evaluate(model, images, labels))


if __name__ == "__main__":
    main()
