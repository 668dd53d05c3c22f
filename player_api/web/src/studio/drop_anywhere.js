// Files can be dropped wherever the page is.

/** `onFiles(files)`; while files are held over the page, <html> has the class "dropping". */
export function dropAnywhere(onFiles) {
  let depth = 0; // enter and leave are told of every element on the way
  const over = (change) => {
    depth = change === 0 ? 0 : Math.max(0, depth + change);
    document.documentElement.classList.toggle("dropping", depth > 0);
  };
  const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
  addEventListener("dragenter", (event) => hasFiles(event) && over(1));
  addEventListener("dragleave", (event) => hasFiles(event) && over(-1));
  addEventListener("dragover", (event) => hasFiles(event) && event.preventDefault());
  addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    over(0);
    onFiles([...event.dataTransfer.files]);
  });
}
